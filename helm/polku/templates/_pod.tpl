{{/* What pods and jobs have in common. */}}

{{- define "polku.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int .Values.podSecurity.runAsUser }}
  runAsGroup: {{ int .Values.podSecurity.runAsGroup }}
  fsGroup: {{ int .Values.podSecurity.fsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "polku.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where a job or a test may run is for the namespace to say; what it may use is little. */}}
{{- define "polku.jobResources" -}}
requests: {cpu: 50m, memory: 64Mi}
limits: {memory: 256Mi}
{{- end }}

{{/* Volumes by name and place, as a map. (dict "root" $ "name" NAME "part" PART) */}}
{{- define "polku.kafkaVolumes" -}}
{{- with .root.Values.kafka.propertiesSecret }}
kafka-properties:
  path: /etc/polku/kafka-properties
  secret: {secretName: {{ . | replace "{service}" $.name }}, defaultMode: 0440}
{{- end }}
{{- with .root.Values.kafka.tlsSecret }}
kafka-tls:
  path: /etc/polku/kafka
  secret: {secretName: {{ . | replace "{service}" $.name }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "polku.storeVolumes" -}}
{{- $store := include "polku.store" .root }}
data:
  path: /var/lib/polku/data
  persistentVolumeClaim: {claimName: {{ include "polku.claim" (merge (dict "claim" "data") .) }}}
erasures:
  path: /var/lib/polku/erasures
  persistentVolumeClaim: {claimName: {{ include "polku.claim" (merge (dict "claim" "erasures") .) }}}
{{- if and (eq $store "postgres") .root.Values.store.tlsSecret }}
postgres-tls:
  path: /etc/polku/postgres
  secret: {secretName: {{ .root.Values.store.tlsSecret | replace "{service}" .name }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "polku.partVolumes" -}}
{{ include "polku.storeVolumes" . }}
config:
  path: /etc/polku/config
  configMap: {name: {{ include "polku.fullname" .root }}-{{ .name }}}
{{- if eq .root.Values.access.mode "mtls" }}
tls:
  path: /etc/polku/tls
  secret: {secretName: {{ .part.tlsSecret | replace "{service}" .name }}, defaultMode: 0440}
access:
  path: /etc/polku/access
  configMap: {name: {{ .root.Values.access.configMap }}}
{{- end }}
{{- if ne .name "all-in-one" }}
{{- with include "polku.kafkaVolumes" . | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- range $kind, $configMap := .root.Values.definitions }}
{{- if $configMap }}
{{ $kind }}:
  path: /etc/polku/{{ $kind }}
  configMap: {name: {{ $configMap }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The two lists of a pod from such a map; /tmp is always there. (dict "volumes" MAP) */}}
{{- define "polku.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- range $name, $volume := .volumes }}
- name: {{ $name }}
  mountPath: {{ $volume.path }}
  {{- if not (hasKey $volume "persistentVolumeClaim") }}
  readOnly: true
  {{- end }}
{{- end }}
{{- end }}

{{- define "polku.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- range $name, $volume := .volumes }}
- name: {{ $name }}
  {{- toYaml (omit $volume "path") | nindent 2 }}
{{- end }}
{{- end }}

{{/* libpq refuses a password file that a group may read, and files of a Secret are of a group. */}}
{{- define "polku.databasePassword" -}}
{{- if and (eq (include "polku.store" .root) "postgres") .root.Values.store.passwordSecret }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.store.passwordSecret | replace "{service}" .name }}
      key: {{ .root.Values.store.passwordKey }}
{{- end }}
{{- end }}

{{- define "polku.probe" -}}
httpGet: {path: {{ .path }}, port: ops}
periodSeconds: {{ int .probe.periodSeconds }}
failureThreshold: {{ int .probe.failureThreshold }}
timeoutSeconds: {{ int .probe.timeoutSeconds }}
{{- end }}
