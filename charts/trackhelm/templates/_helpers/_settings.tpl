{{/* Whether callers log in: `off`, `proxy` or `on`. YAML takes the bare words for a truth value. */}}
{{- define "trackhelm.auth" -}}
{{- $auth := default "off" .Values.settings.AUTH -}}
{{- if kindIs "bool" $auth }}{{ ternary "on" "off" $auth }}{{ else }}{{ $auth }}{{ end -}}
{{- end }}

{{/* Whether a component asks the identity provider who has logged in there; called with (list root component). */}}
{{- define "trackhelm.asksProvider" -}}
{{- if and (index . 0).Values.settings.OIDC_ISSUER (has (index . 1).name (list "identity" "embedded")) -}}
true
{{- end -}}
{{- end }}

{{/*
Whether a component reads the keys of the cluster's tokens from its API; called with (list root component). It has a token of
its account for that, and for nothing else.
*/}}
{{- define "trackhelm.asksForKeys" -}}
{{- $settings := (index . 0).Values.settings -}}
{{- $component := index . 1 -}}
{{- if and $component.facts.listens (ne $component.name "gateway") $settings.KUBERNETES_ISSUER (not (or $settings.KUBERNETES_KEYS_URL $settings.KUBERNETES_KEYS_FILE)) -}}
true
{{- end -}}
{{- end }}

{{/* The settings that all components share, as the data of a ConfigMap. Nothing secret is among them. */}}
{{- define "trackhelm.settings" -}}
{{- $store := .Values.objectStore -}}
{{- if ne .Values.mode "embedded" }}
# The root of a container cannot be written to; nothing that must last is kept here.
TRACKHELM_DATA: /tmp/trackhelm
{{- end }}
{{- /* The gateway checks the host. A service would refuse probes and Prometheus, who ask for its address. */}}
{{- range $name, $value := omit .Values.settings "ALLOWED_HOSTS" "AUTH" }}
{{- if kindIs "float64" $value }}
TRACKHELM_{{ $name }}: {{ ternary ($value | int64 | toString) ($value | toString) (eq (floor $value) $value) | quote }}
{{- else }}
TRACKHELM_{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}
# Said, because the services listen to the whole cluster: settings.AUTH chooses another.
TRACKHELM_AUTH: {{ include "trackhelm.auth" . | quote }}
{{- with .Values.monitoring.traces }}
{{- if .url }}
TRACKHELM_TRACES_URL: {{ .url | quote }}
TRACKHELM_TRACES_SAMPLE: {{ .sample | toString | quote }}
{{- end }}
{{- end }}
{{- if include "trackhelm.bundles" (list . "objectStore") }}
TRACKHELM_ARTIFACTS_URL: s3://trackhelm
TRACKHELM_S3_ENDPOINT: http://{{ include "trackhelm.fullname" . }}-object-store:8333
TRACKHELM_S3_ALLOW_HTTP: "true"
{{- else if $store.url }}
TRACKHELM_ARTIFACTS_URL: {{ $store.url | quote }}
{{- with $store.endpoint }}
TRACKHELM_S3_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with $store.publicEndpoint }}
TRACKHELM_S3_PUBLIC_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with $store.region }}
TRACKHELM_S3_REGION: {{ . | quote }}
{{- end }}
{{- if $store.allowHttp }}
TRACKHELM_S3_ALLOW_HTTP: "true"
{{- end }}
{{- end }}
{{- end }}
