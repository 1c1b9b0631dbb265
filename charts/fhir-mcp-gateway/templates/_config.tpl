{{/* gateway.yaml and mcp-core.yaml: what the chart knows, under what the operator wrote. */}}

{{/* The path of an authority's file, or nothing. Takes [its values, its name]. */}}
{{- define "fmg.authorityPath" -}}
{{- $at := index . 0 -}}
{{- if or $at.configMap $at.secret -}}
/etc/fhir-mcp/authorities/{{ index . 1 }}/{{ $at.key }}
{{- end -}}
{{- end }}

{{- define "fmg.clientId" -}}
{{- $own := .Values.backend.clientSecret.existingSecret -}}
{{- if .Values.backend.clientId -}}
{{ .Values.backend.clientId }}
{{- else if $own -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace $own | default dict -}}
{{ dig "data" "JHE_CLIENT_ID" "" $found | b64dec }}
{{- end -}}
{{- end }}

{{- define "fmg.telemetry" -}}
{{- with .Values.telemetry -}}
{{- if .endpoint -}}
{{- $otlp := dict "endpoint" .endpoint -}}
{{- with include "fmg.authorityPath" (list .authority "collector") }}{{ $_ := set $otlp "authority" . }}{{ end -}}
{{- with .headers }}{{ $_ := set $otlp "headers" . }}{{ end -}}
{{ dict "otlp" $otlp | toYaml }}
{{- else -}}
{}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "fmg.sharedLimits" -}}
{{- $shared := dict "key" (dict "file" "/etc/fhir-mcp/keys/limits") "replicas" (include "fmg.gateways" . | int) "deadline" .Values.redis.deadline -}}
{{- $password := dict "file" (printf "/etc/fhir-mcp/store/%s" .Values.redis.passwordKey) -}}
{{- if .Values.valkey.enabled -}}
{{- $_ := set $shared "url" (printf "redis://%s-valkey:6379" (include "fmg.fullname" .)) -}}
{{- $_ := set $shared "username" "fhir-mcp-gateway" -}}
{{- $_ := set $shared "password" (dict "file" "/etc/fhir-mcp/store/password") -}}
{{- else -}}
{{- $_ := set $shared "url" .Values.redis.url -}}
{{- with .Values.redis.username }}{{ $_ := set $shared "username" . }}{{ end -}}
{{- if .Values.redis.existingSecret }}{{ $_ := set $shared "password" $password }}{{ end -}}
{{- with include "fmg.authorityPath" (list .Values.redis.authority "store") }}{{ $_ := set $shared "authority" . }}{{ end -}}
{{- end -}}
{{ $shared | toYaml }}
{{- end }}

{{- define "fmg.listener" -}}
{{- $first := dict "certificate" "/etc/fhir-mcp/tls/tls.crt" "key" "/etc/fhir-mcp/tls/tls.key" -}}
{{- $all := list $first -}}
{{- range .Values.tls.further -}}
{{- $all = append $all (dict "certificate" (printf "/etc/fhir-mcp/certificates/%s/tls.crt" .name) "key" (printf "/etc/fhir-mcp/certificates/%s/tls.key" .name)) -}}
{{- end -}}
{{- $tls := ternary (dict "certificates" $all) $first (gt (len $all) 1) -}}
{{- $_ := set $tls "minimum_version" .Values.tls.minimumVersion -}}
{{- with include "fmg.authorityPath" (list .Values.tls.clients "clients") -}}
{{- $clients := dict "authority" . "required" $.Values.tls.clients.required -}}
{{- with $.Values.tls.clients.revocationsKey }}{{ $_ := set $clients "revocations" (printf "/etc/fhir-mcp/authorities/clients/%s" .) }}{{ end -}}
{{- $_ := set $tls "client_certificates" $clients -}}
{{- end -}}
{{ dict "address" (include "fmg.listenOn" (list . 8443)) "tls" $tls | toYaml }}
{{- end }}

{{- define "fmg.ring" -}}
{{- range .Values.keys.ring }}
- id: {{ .id }}
  state: {{ .state }}
  key: { file: /etc/fhir-mcp/keys/ring-{{ .id }} }
{{- end }}
{{- end }}

{{- define "fmg.backend" -}}
{{- $backend := dict "name" "jhe" "base_url" .Values.backend.url "client_id" (include "fmg.clientId" .) "audience" (dict "own_client" true) -}}
{{- if not .Values.backend.clientSecret.none -}}
{{- $_ := set $backend "client_secret" (dict "file" "/etc/fhir-mcp/client/secret") -}}
{{- end -}}
{{- with include "fmg.authorityPath" (list .Values.backend.authority "backend") }}{{ $_ := set $backend "authority" . }}{{ end -}}
{{ mergeOverwrite $backend (deepCopy .Values.gateway.config.backend) | toYaml }}
{{- end }}

{{/* gateway.yaml, as YAML. */}}
{{- define "fmg.gatewayConfig" -}}
{{- $in := .Values.gateway.config -}}
{{- $server := dict "public_url" .Values.publicUrl "admin" (include "fmg.listenOn" (list . 9100)) "listeners" (list (include "fmg.listener" . | fromYaml)) -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled .Values.tlsRoute.enabled -}}
{{- /* All connections are the proxy's: the cap by address would be one for everybody. */ -}}
{{- $_ := set $server "caps" (dict "connections_per_address" (dig "caps" "connections" 10000 $in.server)) -}}
{{- end -}}
{{- $core := dict "address" (printf "%s-core:8402" (include "fmg.fullname" .)) -}}
{{- if ne .Values.core.tls.mode "none" -}}
{{- $_ := set $core "tls" (dict "authority" "/etc/fhir-mcp/core-authority/ca.crt" "name" (printf "%s-core" (include "fmg.fullname" .))) -}}
{{- end -}}
{{- $limits := deepCopy $in.limits -}}
{{- if or .Values.valkey.enabled .Values.redis.url -}}
{{- $_ := set $limits "shared" (include "fmg.sharedLimits" . | fromYaml) -}}
{{- end -}}
{{- $audit := mergeOverwrite (dict "key" (dict "file" "/etc/fhir-mcp/keys/audit")) (deepCopy $in.audit) -}}
{{- $all := dict
      "server" (mergeOverwrite $server (deepCopy $in.server))
      "keys" (dict "ring" (include "fmg.ring" . | fromYamlArray) "hop" (dict "file" "/etc/fhir-mcp/hop/hop"))
      "core" $core
      "backend" (include "fmg.backend" . | fromYaml)
      "clients" $in.clients "sessions" $in.sessions "limits" $limits
      "audit" $audit "telemetry" (include "fmg.telemetry" . | fromYaml) "deny" $in.deny -}}
{{- with $in.policy }}{{ $_ := set $all "policy" . }}{{ end -}}
{{ $all | toYaml }}
{{- end }}

{{/* mcp-core.yaml, as YAML. */}}
{{- define "fmg.coreConfig" -}}
{{- $in := .Values.core.config -}}
{{- $backend := deepCopy $in.backend -}}
{{- with include "fmg.authorityPath" (list .Values.backend.authority "backend") }}{{ $_ := set $backend "authority" . }}{{ end -}}
{{- $all := dict "listen" (include "fmg.listenOn" (list . 8402)) "admin" (include "fmg.listenOn" (list . 9102)) "hop_key" (dict "file" "/etc/fhir-mcp/hop/hop")
      "profiles" "/etc/fhir-mcp/profiles" "backend" $backend "close_delay" $in.close_delay "answers" $in.answers
      "telemetry" (include "fmg.telemetry" . | fromYaml) -}}
{{- if ne .Values.core.tls.mode "none" -}}
{{- $_ := set $all "listen_tls" (dict "certificate" "/etc/fhir-mcp/tls/tls.crt" "key" "/etc/fhir-mcp/tls/tls.key") -}}
{{- end -}}
{{ $all | toYaml }}
{{- end }}

{{/* What the gateway cannot take up without a restart: a change of it replaces the pods, anything else does not. */}}
{{- define "fmg.needsRestart" -}}
{{- $all := include "fmg.gatewayConfig" . | fromYaml -}}
{{- $server := get $all "server" -}}
{{ list .Values.listenOn (get $all "audit") (get $all "telemetry") (dig "caps" "header_bytes" "" $server) (dig "deadlines" "idle" "" $server) | toJson | sha256sum }}
{{- end }}
