#!/usr/bin/env bash
# What openssl and curl get from the listeners on PORT, MODERN and ASKING, with the certificates in the current folder.
set -uo pipefail
passed=0 failed=0

tell() { # status, name
  if [ "$1" -eq 0 ]; then passed=$((passed + 1)) && echo "ok $2"; else failed=$((failed + 1)) && echo "not ok $2"; fi
}

# All that a connection shows, after asking for /health.
dial() { # port, arguments of s_client...
  printf 'GET /health HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$PORT" |
    timeout 10 openssl s_client -connect "127.0.0.1:$1" -CAfile ca.crt -ign_eof "${@:2}" 2>&1
}

# openssl itself must be willing, or the refusal would be its own.
weak="ALL:eNULL:@SECLEVEL=0"

enters() { # name, port, arguments...
  dial "${@:2}" | grep -q '^{"status":"ok"}'
  tell $? "$1"
}

refused() { # name, port, arguments...
  local shown
  shown=$(dial "${@:2}")
  ! grep -q '"status"' <<<"$shown" && grep -Eq 'alert|handshake failure|unexpected eof|no protocols|errno' <<<"$shown"
  tell $? "$1"
}

shows() { # name, common name, arguments...
  dial "$PORT" "${@:3}" | grep -q "subject=CN = $2"
  tell $? "$1"
}

enters "TLS 1.3" "$PORT" -tls1_3
enters "TLS 1.2" "$PORT" -tls1_2
refused "no TLS 1.1" "$PORT" -tls1_1 -cipher "$weak"
refused "no TLS 1.0" "$PORT" -tls1 -cipher "$weak"
enters "TLS 1.3 where it is required" "$MODERN" -tls1_3
refused "no TLS 1.2 where 1.3 is required" "$MODERN" -tls1_2

for suite in AES128-SHA AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 \
  DHE-RSA-AES256-GCM-SHA384 ADH-AES128-GCM-SHA256 AECDH-AES128-SHA ECDHE-RSA-NULL-SHA ECDHE-ECDSA-AES128-CCM; do
  refused "no $suite" "$PORT" -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
for suite in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-AES256-GCM-SHA384; do
  enters "$suite" "$PORT" -tls1_2 -cipher "$suite" -servername localhost
  enters "$suite without a name" "$PORT" -tls1_2 -cipher "$suite"
done
refused "no signature with SHA-1" "$PORT" -tls1_2 -sigalgs "RSA+SHA1:ECDSA+SHA1" -cipher "$weak"

shows "the certificate of the name" localhost -servername localhost
shows "the certificate of the other name" other.example -servername other.example
shows "the first to whoever names nobody" localhost -noservername
shows "the first to whoever names a stranger" localhost -servername stranger.example

# R asks for a renegotiation; whoever grants it can be kept busy by one client. Granted, it shows the chain again.
renegotiation=$( (sleep 1; echo R; sleep 2) | timeout 10 openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 2>&1)
grep -q 'RENEGOTIATING' <<<"$renegotiation" && ! sed '1,/RENEGOTIATING/d' <<<"$renegotiation" | grep -q 'depth='
tell $? "no renegotiation"
dial "$PORT" -tls1_2 | grep -q 'Secure Renegotiation IS supported'
tell $? "the indication of RFC 5746"
dial "$PORT" -tls1_2 | grep -q '^Compression: NONE'
tell $? "no compression"

for version in tls1_2 tls1_3; do
  dial "$PORT" "-$version" -sess_out "session-$version" >/dev/null
  dial "$PORT" "-$version" -sess_in "session-$version" | grep -q '^Reused, '
  tell $? "a session resumed over $version"
done
printf 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n' >early
dial "$PORT" -tls1_3 -sess_in session-tls1_3 -early_data early | grep -Eq 'Early data was (not sent|rejected)'
tell $? "no early data"

enters "a client certificate of the authority" "$ASKING" -cert client.crt -key client.key
refused "no client certificate" "$ASKING"
refused "a client certificate of somebody else" "$ASKING" -cert stranger.crt -key stranger.key
refused "no client certificate over TLS 1.2" "$ASKING" -tls1_2
dial "$ASKING" -tls1_2 -cert client.crt -key client.key -sess_out session-asking >/dev/null
! dial "$ASKING" -tls1_2 -cert client.crt -key client.key -sess_in session-asking | grep -q '^Reused, '
tell $? "no session resumed where clients are checked"

answer=$(curl --silent --max-time 5 --output plain --write-out '%{http_code}' "http://localhost:$PORT/health")
[ "$answer" = 000 ] && [ ! -s plain ]
tell $? "no answer to plain HTTP"

# The program watches its files. A key alone belongs to nothing; with its certificate it is shown.
shown() { dial "$MODERN" -tls1_3 | grep -o 'subject=CN = .*'; }
cp other.key modern.key
told=1
for _ in $(seq 50); do
  if curl --silent --fail "http://127.0.0.1:$ADMIN/status" | grep -q 'tls.key: does not belong'; then told=0 && break; fi
  sleep 0.2
done
tell "$told" "a key of another certificate is told in /status"
[ "$(shown)" = "subject=CN = localhost" ]
tell $? "and the old certificate is still shown"
cp other.crt modern.crt
renewed=1
for _ in $(seq 50); do
  if [ "$(shown)" = "subject=CN = other.example" ]; then renewed=0 && break; fi
  sleep 0.2
done
tell "$renewed" "a renewed pair is shown"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
