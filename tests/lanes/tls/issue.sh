#!/usr/bin/env bash
# Writes an authority, three server certificates and two client certificates into the current folder.
set -euo pipefail

authority() { # file, name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
}

issue() { # file, name, authority, kind of key...
  openssl req -new "${@:4}" -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 180 -sha256 -out "$1.crt" -extfile <(
    echo "subjectAltName=DNS:$2"
    echo "extendedKeyUsage=serverAuth,clientAuth"
    echo "basicConstraints=CA:FALSE"
    echo "keyUsage=digitalSignature"
  ) 2>/dev/null
}

ecdsa=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
authority ca "TLS lane"
authority others "Somebody else"
issue ecdsa localhost ca "${ecdsa[@]}"
issue rsa localhost ca -newkey rsa:3072
cp ecdsa.crt modern.crt && cp ecdsa.key modern.key
issue other other.example ca "${ecdsa[@]}"
issue client notebook ca "${ecdsa[@]}"
issue stranger notebook others "${ecdsa[@]}"
