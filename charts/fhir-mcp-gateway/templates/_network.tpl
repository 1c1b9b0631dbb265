{{/* Rules of egress, as lists of YAML. */}}

{{/* The namespace in a name inside the cluster, or nothing. Takes [context, host]. */}}
{{- define "fmg.namespaceOf" -}}
{{- $host := index . 1 -}}
{{- if regexMatch "^[^.]+\\.[^.]+\\.svc(\\.|$)" $host -}}
{{ index (splitList "." $host) 1 }}
{{- else if and $host (not (contains "." $host)) (not (contains ":" $host)) -}}
{{ (index . 0).Release.Namespace }}
{{- end -}}
{{- end }}

{{/* The port of a URL that was parsed. */}}
{{- define "fmg.portOf" -}}
{{- $plain := dict "http" "80" "https" "443" "redis" "6379" "rediss" "6379" -}}
{{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" .host) | default (get $plain .scheme) | default "443" }}
{{- end }}

{{/* Any address but the link-local ones, where clouds hand out credentials. Takes ports. */}}
{{- define "fmg.anywhere" -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}
    - ipBlock: {cidr: "::/0", except: ["fe80::/10"]}
  ports:
    {{- range . }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "fmg.egressDns" -}}
{{- with .Values.networkPolicy.egress.dns -}}
- to: {{ toJson .to }}
  ports:
    - {protocol: UDP, port: {{ .port }}}
    - {protocol: TCP, port: {{ .port }}}
{{- end }}
{{- end }}

{{/* Where a URL of ours is. Takes [context, URLs, peers of the operator, ports of the operator]. */}}
{{- define "fmg.egressTo" -}}
{{- $root := index . 0 -}}
{{- $peers := index . 2 -}}
{{- $asked := index . 3 -}}
{{- $ports := list -}}
{{- $outside := list -}}
{{- $namespaces := list -}}
{{- range index . 1 -}}
{{- $url := urlParse . -}}
{{- $ports = append $ports (include "fmg.portOf" $url) -}}
{{- with include "fmg.namespaceOf" (list $root $url.hostname) -}}
{{- $namespaces = append $namespaces . -}}
{{- else -}}
{{- $outside = append $outside (include "fmg.portOf" $url) -}}
{{- end -}}
{{- end -}}
{{- if $peers }}
- to: {{ toJson $peers }}
  ports:
    {{- range $asked | default ($ports | uniq) }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- else }}
{{- range uniq $namespaces }}
{{- /* A policy sees the pod's port, which the Service's does not tell. */}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
  {{- with $asked }}
  ports:
    {{- range . }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $outside }}
{{ include "fmg.anywhere" ($asked | default ($outside | uniq)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fmg.egressBackend" -}}
{{- $policy := .Values.networkPolicy.egress.backend -}}
{{- /* The authorize endpoint is the browser's. */ -}}
{{- $urls := concat (list .Values.backend.url) (values (omit (dig "endpoints" dict .Values.gateway.config.backend) "authorize")) -}}
{{- include "fmg.egressTo" (list . $urls (ternary list $policy.to $policy.anywhere) $policy.ports) }}
{{- end }}

{{- define "fmg.egressCollector" -}}
{{- with .Values.telemetry.endpoint -}}
{{- include "fmg.egressTo" (list $ (list .) $.Values.networkPolicy.egress.collector.to list) }}
{{- end }}
{{- end }}
