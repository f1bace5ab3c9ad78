{{/* Where secrets come from, and the variables that a component has of its own. */}}

{{- define "trackhelm.secretsFolder" -}}/var/run/secrets/trackhelm{{- end }}

{{/*
The secrets of a component as JSON: a list of {secret, key, file, setting}; called with (list root component).
Each is mounted as a file that the setting names, so that none is in the environment, a ConfigMap or an argument.
*/}}
{{- define "trackhelm.secrets" -}}
{{- $root := index . 0 -}}
{{- $needs := (index . 1).facts.needs -}}
{{- $bundled := include "trackhelm.bundledSecret" $root -}}
{{- $found := list -}}
{{- if has "database" $needs -}}
{{- with $root.Values.postgres -}}
{{- $secret := default $bundled .existingSecret -}}
{{- $key := ternary .urlKey "database-url" (not (empty .existingSecret)) -}}
{{- $found = append $found (dict "secret" $secret "key" $key "file" "database-url" "setting" "DATABASE_URL_FILE") -}}
{{- end -}}
{{- end -}}
{{- if has "redis" $needs -}}
{{- with $root.Values.redis -}}
{{- $secret := default $bundled .existingSecret -}}
{{- $key := ternary .urlKey "redis-url" (not (empty .existingSecret)) -}}
{{- $found = append $found (dict "secret" $secret "key" $key "file" "redis-url" "setting" "REDIS_URL_FILE") -}}
{{- end -}}
{{- end -}}
{{- if include "trackhelm.asksProvider" . -}}
{{- with $root.Values.auth.oidc -}}
{{- $found = append $found (dict "secret" .existingSecret "key" .key "file" "oidc-client-secret" "setting" "OIDC_CLIENT_SECRET_FILE") -}}
{{- end -}}
{{- end -}}
{{- if has "objects" $needs -}}
{{- with $root.Values.objectStore -}}
{{- $secret := ternary $bundled .existingSecret (not (empty (include "trackhelm.bundles" (list $root "objectStore")))) -}}
{{- if $secret -}}
{{- $access := ternary .accessKeyKey "access-key" (ne $secret $bundled) -}}
{{- $key := ternary .secretKeyKey "secret-key" (ne $secret $bundled) -}}
{{- $found = append $found (dict "secret" $secret "key" $access "file" "access-key" "setting" "S3_ACCESS_KEY_FILE") -}}
{{- $found = append $found (dict "secret" $secret "key" $key "file" "secret-key" "setting" "S3_SECRET_KEY_FILE") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if has "encryption" $needs -}}
{{- with $root.Values.webhooks.encryption -}}
{{- if .existingSecret -}}
{{- $found = append $found (dict "secret" .existingSecret "key" .key "file" "encryption" "setting" "SECRET_KEY_FILE") -}}
{{- else if include "trackhelm.bundlesAny" $root -}}
{{- $found = append $found (dict "secret" $bundled "key" "encryption" "file" "encryption" "setting" "SECRET_KEY_FILE") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $component := index . 1 -}}
{{- if and $component.facts.listens (ne $component.name "gateway") -}}
{{- with $root.Values.auth.admin -}}
{{- if .existingSecret -}}
{{- $found = append $found (dict "secret" .existingSecret "key" .key "file" "admin-password" "setting" "ADMIN_PASSWORD_FILE") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* The variables of a component as a map; called with (list root component). A map, so that no name comes twice. */}}
{{- define "trackhelm.variables" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- range include "trackhelm.secrets" . | fromJsonArray }}
TRACKHELM_{{ .setting }}: {{ printf "%s/%s" (include "trackhelm.secretsFolder" $root) .file }}
{{- end }}
{{- if and $component.facts.listens (ne $component.name "gateway") }}
TRACKHELM_HOST: "0.0.0.0"
TRACKHELM_PORT: "5000"
TRACKHELM_STOP_DELAY_SECONDS: {{ $component.values.stop.drainSeconds | quote }}
TRACKHELM_BEHIND_GATEWAY: {{ ternary $root.Values.gateway.behindProxy true (eq $component.name "embedded") | quote }}
{{- end }}
{{- if $component.facts.answers }}
TRACKHELM_HOST: "0.0.0.0"
TRACKHELM_METRICS_PORT: "5000"
{{- end }}
{{- if eq $component.name "watcher" }}
TRACKHELM_WATCHER_NAMESPACES: {{ include "trackhelm.watchedNamespaces" $root | quote }}
TRACKHELM_WATCHER_LEASE: {{ $component.fullname }}
TRACKHELM_WATCHER_LEASE_NAMESPACE: {{ $root.Release.Namespace }}
{{- with $component.values.podSelector }}
TRACKHELM_WATCHER_POD_SELECTOR: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq $component.name "embedded" }}
TRACKHELM_DATA: /data
{{- end }}
{{- if has $component.name (list "gateway" "embedded") }}
{{- with $root.Values.settings.ALLOWED_HOSTS }}
TRACKHELM_ALLOWED_HOSTS: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq $component.name "gateway" }}
TRACKHELM_BEHIND_GATEWAY: {{ $component.values.behindProxy | quote }}
{{- with $component.values.uiFolder }}
TRACKHELM_UI_FOLDER: {{ . | quote }}
{{- end }}
{{- range $component.facts.calls }}
TRACKHELM_{{ upper . }}_URL: {{ printf "http://%s-%s:5000" (include "trackhelm.fullname" $root) . }}
{{- end }}
{{- end }}
{{- end }}

{{/* A name that the address answers to, or nothing where it is any. */}}
{{- define "trackhelm.allowedHost" -}}
{{- $host := default "*" .Values.settings.ALLOWED_HOSTS | toString | splitList "," | first | trim -}}
{{- if ne $host "*" }}{{ $host }}{{ end -}}
{{- end }}

{{/* A container's `env` and `envFrom`; called with (list root component). */}}
{{- define "trackhelm.environment" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $variables := include "trackhelm.variables" . | fromYaml }}
{{- $sources := $component.values.extraEnvFrom }}
{{- if eq $component.name "migrate" }}
{{- /* A hook runs before there is a ConfigMap, and the Job's name must change with its settings. */}}
{{- $variables = mustMergeOverwrite (include "trackhelm.settings" $root | fromYaml) $variables }}
{{- else }}
{{- $settings := dict "configMapRef" (dict "name" (printf "%s-settings" (include "trackhelm.fullname" $root))) }}
{{- $sources = prepend $sources $settings }}
{{- end }}
{{- with $sources }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $all := mustMergeOverwrite $variables (deepCopy $component.values.extraEnv) }}
{{- with $all }}
env:
  {{- range $name, $value := . }}
  - name: {{ $name }}
    {{- if kindIs "map" $value }}
    {{- toYaml $value | nindent 4 }}
    {{- else }}
    value: {{ $value | quote }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
