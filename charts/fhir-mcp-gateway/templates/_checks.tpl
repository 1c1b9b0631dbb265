{{/* Every mistake in the values, a sentence a line. */}}
{{- define "fmg.mistakes" -}}
{{- include "fmg.addressMistakes" . }}
{{- include "fmg.keyMistakes" . }}
{{- include "fmg.furtherMistakes" . }}
{{- include "fmg.endingMistakes" . }}
{{- include "fmg.networkMistakes" . }}
{{- include "fmg.routeMistakes" . }}
{{- end }}

{{- define "fmg.addressMistakes" -}}
{{- $public := urlParse .Values.publicUrl }}
{{- $loopback := has $public.hostname (list "localhost" "127.0.0.1" "::1") }}
{{- if not .Values.publicUrl }}
publicUrl: is missing; write the origin that people type into their client, as https://gateway.example.org
{{- else if and (ne $public.scheme "https") (not (and $loopback (eq $public.scheme "http"))) }}
publicUrl: must be https, as https://gateway.example.org; tokens never travel in the clear
{{- else if contains "*" .Values.publicUrl }}
publicUrl: must be one origin, without a wildcard, as https://gateway.example.org
{{- else if or (not $public.host) $public.userinfo $public.query $public.fragment (not (has $public.path (list "" "/"))) }}
publicUrl: must be an origin, without a path, credentials or a query, as https://gateway.example.org
{{- end }}
{{- $backend := urlParse .Values.backend.url }}
{{- if not .Values.backend.url }}
backend.url: is missing; write the URL of the FHIR system, as https://jhe.example.org
{{- else if or (not (has $backend.scheme (list "http" "https"))) (not $backend.host) $backend.userinfo }}
backend.url: must be an http or https URL without credentials, as https://jhe.example.org
{{- else if and (eq $backend.scheme "http") (not (dig "allow_plain_http" false .Values.gateway.config.backend)) }}
backend.url: must be https; for a network that nobody else reads, set gateway.config.backend.allow_plain_http: true
{{- end }}
{{- if and .Values.redis.url (urlParse .Values.redis.url).userinfo }}
redis.url: must not hold credentials, which would stand in a ConfigMap; use redis.username and redis.existingSecret
{{- end }}
{{- if and .Values.redis.username (not .Values.redis.existingSecret) }}
redis.existingSecret: is missing; redis.username needs a password
{{- end }}
{{- if and .Values.redis.url .Values.valkey.enabled }}
redis.url: there is valkey.enabled too; counts are kept in one place, so leave out one of the two
{{- end }}
{{- end }}

{{/* A Secret that is named, is not there, or lacks a key. Takes [context, the value's path, its name, its keys]. */}}
{{- define "fmg.secretMistakes" -}}
{{- $root := index . 0 }}
{{- $path := index . 1 }}
{{- $name := index . 2 }}
{{- /* Where there is no cluster, as for `helm template`, nothing can be looked up. */}}
{{- $all := lookup "v1" "Secret" $root.Release.Namespace "" | default dict }}
{{- if and $name (kindIs "slice" (get $all "items")) }}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace $name | default dict }}
{{- if not $found }}
{{ $path }}: there is no Secret {{ $name }} in the namespace {{ $root.Release.Namespace }}; create it first, with {{ join ", " (index . 3) }}
{{- else }}
{{- range $key := index . 3 }}
{{- if not (hasKey (get $found "data" | default dict) $key) }}
{{ $path }}: the Secret {{ $name }} has no key {{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fmg.keyMistakes" -}}
{{- $active := 0 }}
{{- $ids := list }}
{{- $files := list "audit" }}
{{- range .Values.keys.ring }}
{{- if eq .state "active" }}{{ $active = add1 $active }}{{ end }}
{{- $ids = append $ids .id }}
{{- $files = append $files (printf "ring-%s" .id) }}
{{- end }}
{{- if ne (int $active) 1 }}
keys.ring: exactly one key is active, and here {{ $active }} are
{{- end }}
{{- if ne (len $ids) (len (uniq $ids)) }}
keys.ring: an id stands there twice
{{- end }}
{{- if or .Values.valkey.enabled .Values.redis.url }}{{ $files = append $files "limits" }}{{ end }}
{{- include "fmg.secretMistakes" (list . "keys.existingSecret" .Values.keys.existingSecret $files) }}
{{- include "fmg.secretMistakes" (list . "keys.existingHopSecret" .Values.keys.existingHopSecret (list "hop")) }}
{{- with .Values.backend.clientSecret }}
{{- if not .none }}
{{- include "fmg.secretMistakes" (list $ "backend.clientSecret.existingSecret" .existingSecret (list .key)) }}
{{- end }}
{{- end }}
{{- if not (include "fmg.clientId" .) }}
backend.clientId: is missing; write it, or name a Secret with JHE_CLIENT_ID in backend.clientSecret.existingSecret (which `helm template` cannot read)
{{- end }}
{{- if .Values.redis.url }}
{{- include "fmg.secretMistakes" (list . "redis.existingSecret" .Values.redis.existingSecret (list .Values.redis.passwordKey)) }}
{{- end }}
{{- if eq .Values.tls.mode "secret" }}
{{- if not .Values.tls.secretName }}
tls.secretName: is missing; tls.mode secret needs the name of a Secret with tls.crt and tls.key
{{- end }}
{{- include "fmg.secretMistakes" (list . "tls.secretName" .Values.tls.secretName (list "tls.crt" "tls.key")) }}
{{- end }}
{{- if and (eq .Values.tls.mode "certManager") (not .Values.tls.certManager.issuerRef.name) }}
tls.certManager.issuerRef.name: is missing; tls.mode certManager needs an issuer
{{- end }}
{{- if eq .Values.core.tls.mode "secret" }}
{{- if not .Values.core.tls.secretName }}
core.tls.secretName: is missing; core.tls.mode secret needs the name of a Secret with tls.crt, tls.key and ca.crt
{{- end }}
{{- include "fmg.secretMistakes" (list . "core.tls.secretName" .Values.core.tls.secretName (list "tls.crt" "tls.key" "ca.crt")) }}
{{- end }}
{{- if and (eq .Values.core.tls.mode "certManager") (not .Values.core.tls.issuerRef.name) }}
core.tls.issuerRef.name: is missing; core.tls.mode certManager needs an issuer
{{- end }}
{{- end }}

{{/* Of the certificates beside the first. */}}
{{- define "fmg.furtherMistakes" -}}
{{- $names := list }}
{{- $secrets := list (include "fmg.tlsSecret" .) }}
{{- range $at, $one := .Values.tls.further }}
{{- $path := printf "tls.further[%d]" $at }}
{{- $names = append $names $one.name }}
{{- $secrets = append $secrets (include "fmg.furtherSecret" (list $ $one)) }}
{{- if get $one "secretName" }}
{{- include "fmg.secretMistakes" (list $ (printf "%s.secretName" $path) $one.secretName (list "tls.crt" "tls.key")) }}
{{- else if not (get $one "issuerRef" | default $.Values.tls.certManager.issuerRef).name }}
{{ $path }}.issuerRef: is missing; write it, or tls.certManager.issuerRef
{{- end }}
{{- end }}
{{- if ne (len $names) (len (uniq $names)) }}
tls.further: a name stands there twice
{{- end }}
{{- if ne (len $secrets) (len (uniq $secrets)) }}
tls.further: a Secret stands there twice, or is the one of tls
{{- end }}
{{- end }}

{{- define "fmg.endingMistakes" -}}
{{- $gateway := include "fmg.gatewayEnding" . | int }}
{{- with .Values.gateway.terminationGracePeriodSeconds }}
{{- if lt (int .) (int $gateway) }}
gateway.terminationGracePeriodSeconds: {{ . }} would cut calls off; preStopSeconds, close_delay and drain add up to {{ $gateway }}
{{- end }}
{{- end }}
{{- $core := include "fmg.coreEnding" . | int }}
{{- with .Values.core.terminationGracePeriodSeconds }}
{{- if lt (int .) (int $core) }}
core.terminationGracePeriodSeconds: {{ . }} would cut calls off; preStopSeconds, close_delay and backend.deadline with its 5s add up to {{ $core }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fmg.networkMistakes" -}}
{{- with .Values.networkPolicy }}
{{- if .enabled }}
{{- if not (or .ingress.anywhere .ingress.from) }}
networkPolicy.ingress.from: nobody could reach the gateway; name peers, or set networkPolicy.ingress.anywhere
{{- end }}
{{- if not .egress.dns.to }}
networkPolicy.egress.dns.to: is empty, so no name could be resolved, core's own included; name where DNS is asked
{{- end }}
{{- if not (or .egress.backend.anywhere .egress.backend.to) }}
networkPolicy.egress.backend.to: is empty, so neither program could reach the backend; name peers, or set networkPolicy.egress.backend.anywhere
{{- end }}
{{- if and (or $.Values.serviceMonitor.enabled $.Values.podMonitor.enabled) (not .metrics.from) }}
networkPolicy.metrics.from: is empty, so Prometheus could not scrape; name its namespace
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fmg.routeMistakes" -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
podMonitor.enabled: there is serviceMonitor.enabled too; everything would be scraped twice
{{- end }}
{{- range $route := list "httpRoute" "tlsRoute" }}
{{- $of := get $.Values $route }}
{{- if and $of.enabled (not $of.parentRefs) }}
{{ $route }}.parentRefs: is missing; name the Gateway that the route hangs on
{{- end }}
{{- end }}
{{- if and .Values.tlsRoute.enabled (or .Values.httpRoute.enabled .Values.ingress.enabled) }}
tlsRoute.enabled: there is another route too; TLS ends at the gateway or at a proxy, not at both
{{- end }}
{{- end }}
