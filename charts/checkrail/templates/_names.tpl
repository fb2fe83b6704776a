{{- define "checkrail.name" -}}
{{- if contains "checkrail" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-checkrail" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "checkrail.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "checkrail.name" .) -}}
{{- end -}}

{{- define "checkrail.selector" -}}
app.kubernetes.io/name: checkrail
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "checkrail.labels" -}}
{{ include "checkrail.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The Lease by which one replica is the active one. */}}
{{- define "checkrail.lease" -}}
{{- printf "%s-operator" (include "checkrail.name" .) -}}
{{- end -}}
