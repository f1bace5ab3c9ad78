{{/*
What the chart knows of each component. A new one is a line here, a section of values.yaml and a folder of templates.

role     the command of trackhelm-server
listens  whether it serves the API on the port named `http`
answers  whether it answers probes and `/metrics` there, and nothing else
needs    the stores that it reads the secrets of, and may call
calls    the components that it calls
outside  whether it calls addresses of users: webhooks
cluster  whether it calls the API of the cluster, with the token of its account
*/}}
{{- define "trackhelm.components" -}}
gateway: {role: gateway, listens: true, needs: [], calls: [ingest, query, artifact, registry, identity]}
ingest: {role: ingest, listens: true, needs: [database, redis]}
query: {role: query, listens: true, needs: [database, redis]}
artifact: {role: artifact, listens: true, needs: [database, redis, objects]}
registry: {role: registry, listens: true, needs: [database, redis, encryption], outside: true}
identity: {role: identity, listens: true, needs: [database, redis]}
webhooks: {role: worker, answers: true, needs: [database, redis, encryption], outside: true}
beat: {role: beat, answers: true, needs: [redis, encryption]}
watcher: {role: watcher, answers: true, needs: [database, redis], cluster: true}
migrate: {role: migrate, needs: [database]}
embedded: {role: embedded, listens: true, needs: [objects, encryption], outside: true}
{{- end }}

{{/*
A component; called with (list root name), gives JSON of its name, its full name, its facts as above, and its values
over the defaults of `component`. A worker's name is `worker-NAME`.
*/}}
{{- define "trackhelm.component" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $facts := dict "role" "worker" "answers" true "needs" (list "database" "redis" "objects" "encryption") -}}
{{- $own := dict -}}
{{- if hasPrefix "worker-" $name -}}
{{- $own = index $root.Values.workers (trimPrefix "worker-" $name) -}}
{{- else -}}
{{- $facts = index (include "trackhelm.components" $root | fromYaml) $name -}}
{{- $own = index $root.Values $name -}}
{{- end -}}
{{- $values := mustMergeOverwrite (deepCopy $root.Values.component) (deepCopy $own) -}}
{{- $fullname := printf "%s-%s" (include "trackhelm.fullname" $root) $name -}}
{{- toJson (dict "name" $name "fullname" $fullname "facts" $facts "values" $values) -}}
{{- end }}

{{/* The namespaces whose pods the watcher watches, with commas. */}}
{{- define "trackhelm.watchedNamespaces" -}}
{{- .Values.watcher.namespaces | default (list .Release.Namespace) | uniq | join "," -}}
{{- end }}

{{/* The names of the components that run, with commas. */}}
{{- define "trackhelm.running" -}}
{{- if eq .Values.mode "embedded" -}}
embedded
{{- else -}}
gateway,ingest,query,artifact,registry,identity,webhooks,beat,migrate
{{- if .Values.watcher.enabled }},watcher{{ end -}}
{{- range $name, $_ := .Values.workers }},worker-{{ $name }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Whether a store of the chart's own is used: "true" or nothing; called with (list root store). */}}
{{- define "trackhelm.bundles" -}}
{{- $root := index . 0 -}}
{{- $store := index . 1 -}}
{{- $given := $root.Values.objectStore.url -}}
{{- if eq $store "postgres" }}{{ $given = $root.Values.postgres.existingSecret }}{{ end -}}
{{- if eq $store "redis" }}{{ $given = $root.Values.redis.existingSecret }}{{ end -}}
{{- if and (eq $root.Values.mode "split") (not $given) -}}true{{- end -}}
{{- end }}

{{- define "trackhelm.bundlesAny" -}}
{{- range $store := list "postgres" "redis" "objectStore" }}{{ include "trackhelm.bundles" (list $ $store) }}{{ end -}}
{{- end }}

{{/* The Secret with the passwords of the bundled stores. */}}
{{- define "trackhelm.bundledSecret" -}}
{{- default (printf "%s-bundled" (include "trackhelm.fullname" .)) .Values.bundled.existingSecret -}}
{{- end }}
