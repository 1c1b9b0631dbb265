{{/* Names, labels, images. */}}

{{- define "fmg.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "fmg.fullname" -}}
{{- $name := include "fmg.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* What a pod is found by. Takes [context, component]. */}}
{{- define "fmg.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "fmg.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Every label of an object. Takes [context, component]. */}}
{{- define "fmg.labels" -}}
{{- $root := index . 0 -}}
{{ include "fmg.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: fhir-mcp-gateway
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Takes [context, the values of an image]. */}}
{{- define "fmg.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The host of publicUrl, without a port; an IPv6 address loses its brackets. */}}
{{- define "fmg.publicHost" -}}
{{- (urlParse .Values.publicUrl).hostname -}}
{{- end }}

{{/* An address to listen on. Takes [context, port]. */}}
{{- define "fmg.listenOn" -}}
{{- $on := (index . 0).Values.listenOn -}}
{{ ternary (printf "[%s]" $on) $on (contains ":" $on) }}:{{ index . 1 }}
{{- end }}

{{/* Seconds of a duration such as 500ms, 25s, 10m, 1h or 7d, rounded up. */}}
{{- define "fmg.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $of := dict "s" 1 "m" 60 "h" 3600 "d" 86400 -}}
{{- if eq $unit "ms" -}}
{{ div (add $number 999) 1000 }}
{{- else -}}
{{ mul $number (get $of $unit) }}
{{- end -}}
{{- end }}

{{/* What a gateway needs from the decision to its end, without the margin. */}}
{{- define "fmg.gatewayEnding" -}}
{{- $deadlines := dig "deadlines" dict .Values.gateway.config.server -}}
{{- $close := include "fmg.seconds" (get $deadlines "close_delay" | default "5s") | int -}}
{{- $drain := include "fmg.seconds" (get $deadlines "drain" | default "65s") | int -}}
{{ add .Values.gateway.preStopSeconds $close $drain }}
{{- end }}

{{/* The same of core, which waits for its calls five seconds longer than they may take. */}}
{{- define "fmg.coreEnding" -}}
{{- $close := include "fmg.seconds" .Values.core.config.close_delay | int -}}
{{- $call := include "fmg.seconds" (get .Values.core.config.backend "deadline" | default "25s") | int -}}
{{ add .Values.core.preStopSeconds $close $call 5 }}
{{- end }}

{{/* The fewest gateways that share a limit. */}}
{{- define "fmg.gateways" -}}
{{- with .Values.gateway -}}
{{ ternary .autoscaling.minReplicas .replicas .autoscaling.enabled }}
{{- end -}}
{{- end }}

{{/* The Secrets, ours or the operator's. */}}
{{- define "fmg.keysSecret" -}}
{{ .Values.keys.existingSecret | default (printf "%s-keys" (include "fmg.fullname" .)) }}
{{- end }}
{{- define "fmg.hopSecret" -}}
{{ .Values.keys.existingHopSecret | default (printf "%s-hop" (include "fmg.fullname" .)) }}
{{- end }}
{{- define "fmg.clientSecret" -}}
{{ .Values.backend.clientSecret.existingSecret | default (printf "%s-client" (include "fmg.fullname" .)) }}
{{- end }}
{{- define "fmg.tlsSecret" -}}
{{ ternary .Values.tls.secretName (printf "%s-tls" (include "fmg.fullname" .)) (eq .Values.tls.mode "secret") }}
{{- end }}
{{/* Takes [context, one of tls.further]. */}}
{{- define "fmg.furtherSecret" -}}
{{- $one := index . 1 -}}
{{ get $one "secretName" | default (printf "%s-tls-%s" (include "fmg.fullname" (index . 0)) $one.name) }}
{{- end }}
{{- define "fmg.coreTlsSecret" -}}
{{ ternary .Values.core.tls.secretName (printf "%s-core-tls" (include "fmg.fullname" .)) (eq .Values.core.tls.mode "secret") }}
{{- end }}
{{- define "fmg.storeSecret" -}}
{{ ternary (printf "%s-valkey" (include "fmg.fullname" .)) .Values.redis.existingSecret .Values.valkey.enabled }}
{{- end }}
