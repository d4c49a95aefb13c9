{{/* What the objects are called, and which parts of Polku there are. */}}

{{- define "polku.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 32 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 32 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 32 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- end }}

{{- define "polku.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: polku
{{ include "polku.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "polku.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Names of the parts, with commas between. */}}
{{- define "polku.parts" -}}
{{- if eq .Values.mode "all-in-one" }}all-in-one{{ else }}referral,assessment,coordinator-network,follow-up{{ end }}
{{- end }}

{{- define "polku.store" -}}
{{- if eq .Values.mode "all-in-one" }}sqlite{{ else }}{{ .Values.store.kind }}{{ end }}
{{- end }}

{{/* What holds for one part, as YAML: the defaults and, over them, its own. (dict "root" $ "name" NAME) */}}
{{- define "polku.part" -}}
{{- $own := index .root.Values.services .name | default dict }}
{{- $part := mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own) }}
{{- if eq (include "polku.store" .root) "sqlite" }}{{ $_ := set $part "replicas" 1 }}{{ end }}
{{- toYaml $part }}
{{- end }}

{{/* Pods that a part has at least. (the part) */}}
{{- define "polku.pods" -}}
{{- if .keda.enabled }}{{ int .keda.minReplicaCount }}{{ else }}{{ int .replicas }}{{ end }}
{{- end }}

{{/* (dict "root" $ "program" PROGRAM "image" OVERRIDE) */}}
{{- define "polku.image" -}}
{{- with .root.Values.image }}
{{- default (printf "%s/%s:%s" .repository $.program (default $.root.Chart.AppVersion .tag)) $.image }}
{{- end }}
{{- end }}

{{- define "polku.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "polku.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* A claim of a part. (dict "root" $ "name" NAME "part" PART "claim" data|erasures) */}}
{{- define "polku.claim" -}}
{{- default (printf "%s-%s-%s" (include "polku.fullname" .root) .name .claim) (index .part .claim).existingClaim }}
{{- end }}
