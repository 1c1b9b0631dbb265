{{/* What all pods have in common. */}}

{{/* Takes the operator's additions. No uid of ours: the image's own, or the one that OpenShift gives. */}}
{{- define "fmg.podSecurity" -}}
{{ mergeOverwrite (dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault")) (deepCopy .) | toYaml }}
{{- end }}

{{- define "fmg.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Takes [the program's values]. */}}
{{- define "fmg.probes" -}}
{{- $paths := dict "startupProbe" "/ready" "livenessProbe" "/live" "readinessProbe" "/ready" -}}
{{- $values := . -}}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $of := get $values $probe }}
{{- if $of.enabled }}
{{ $probe }}:
  httpGet: {path: {{ get $paths $probe }}, port: admin}
  periodSeconds: {{ $of.periodSeconds }}
  timeoutSeconds: {{ $of.timeoutSeconds }}
  failureThreshold: {{ $of.failureThreshold }}
{{- end }}
{{- end }}
{{- end }}

{{/* Takes the map of variables. */}}
{{- define "fmg.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
{{- if kindIs "map" $value }}
  valueFrom: {{ $value | toJson }}
{{- else }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Takes [context, component, the program's values]. */}}
{{- define "fmg.scheduling" -}}
{{- $root := index . 0 -}}
{{- $selector := include "fmg.selector" (list $root (index . 1)) | fromYaml -}}
{{- with index . 2 -}}
{{- if kindIs "slice" .topologySpreadConstraints }}
topologySpreadConstraints: {{ .topologySpreadConstraints | toJson }}
{{- else }}
topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels: {{ $selector | toJson }}
{{- end }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{ . | toJson }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ . | toJson }}
{{- end }}
{{- with .affinity }}
affinity: {{ . | toJson }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* A volume with one authority, or nothing. Takes [its values, its name]. */}}
{{- define "fmg.authorityVolume" -}}
{{- $at := index . 0 -}}
{{- $name := index . 1 -}}
{{- $items := list (dict "key" $at.key "path" $at.key) -}}
{{- with get $at "revocationsKey" }}{{ $items = append $items (dict "key" . "path" .) }}{{ end -}}
{{- if $at.configMap }}
- name: authority-{{ $name }}
  configMap: {name: {{ $at.configMap }}, items: {{ toJson $items }}}
{{- else if $at.secret }}
- name: authority-{{ $name }}
  secret: {secretName: {{ $at.secret }}, defaultMode: 0444, items: {{ toJson $items }}}
{{- end }}
{{- end }}

{{- define "fmg.authorityMount" -}}
{{- $at := index . 0 -}}
{{- $name := index . 1 -}}
{{- if or $at.configMap $at.secret }}
- {name: authority-{{ $name }}, mountPath: /etc/fhir-mcp/authorities/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}
