{{/* Values that have moved, or that other charts have at the top: the schema lets them through so that this says where they are. */}}
{{- define "polku.moved" -}}
replicaCount: defaults.replicas
resources: defaults.resources
extraEnv: defaults.extraEnv
tolerations: defaults.tolerations
affinity: defaults.affinity
nodeSelector: defaults.nodeSelector
podAnnotations: defaults.podAnnotations
serviceMonitor: metrics.monitor
{{- end }}

{{- define "polku.checkMoved" -}}
{{- range $old, $new := include "polku.moved" . | fromYaml }}
{{- if hasKey $.Values $old }}
{{- fail (printf "%s: it is %s, and services.NAME for one service" $old $new) }}
{{- end }}
{{- end }}
{{- end }}
