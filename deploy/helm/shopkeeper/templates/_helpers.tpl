{{- define "shopkeeper.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "shopkeeper.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "shopkeeper.labels" -}}
{{ include "shopkeeper.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "shopkeeper.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "shopkeeper.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "shopkeeper.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Secrets and files, by the name of their setting. */}}
{{- define "shopkeeper.mountedEnv" -}}
{{- range $name, $_ := .Values.secrets }}
- name: {{ $name }}_FILE
  value: /run/secrets/shopkeeper/{{ $name }}
{{- end }}
{{- range $name, $_ := .Values.files }}
- name: {{ $name }}
  value: /run/files/shopkeeper/{{ $name }}/{{ base (required (printf "files.%s.key" $name) .key) }}
{{- end }}
{{- end }}

{{- define "shopkeeper.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.secrets }}
- name: secrets
  mountPath: /run/secrets/shopkeeper
  readOnly: true
{{- end }}
{{- if .Values.files }}
- name: files
  mountPath: /run/files/shopkeeper
  readOnly: true
{{- end }}
{{- end }}

{{- define "shopkeeper.volumes" -}}
# The image's root is read-only. Compiled loops are kept here over a restart of the container.
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $of := . }}
      - secret:
          name: {{ required (printf "secrets.%s.secret" $name) $of.secret }}
          items: [{key: {{ required (printf "secrets.%s.key" $name) $of.key | quote }}, path: {{ $name }}}]
      {{- end }}
{{- end }}
{{- with .Values.files }}
- name: files
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $of := . }}
      {{- if $of.configMap }}
      - configMap:
          name: {{ $of.configMap }}
      {{- else }}
      - secret:
          name: {{ required (printf "files.%s.secret or .configMap" $name) $of.secret }}
      {{- end }}
          items: [{key: {{ $of.key | quote }}, path: {{ printf "%s/%s" $name (base $of.key) | quote }}}]
      {{- end }}
{{- end }}
{{- end }}

{{- /* What every pod has. */}}
{{- define "shopkeeper.podCommon" -}}
serviceAccountName: {{ include "shopkeeper.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "shopkeeper.podSecurity" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
