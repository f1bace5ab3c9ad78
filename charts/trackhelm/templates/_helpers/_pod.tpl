{{/* What all pods have. */}}

{{- define "trackhelm.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Called with the number of the user, who is also the group of the volumes. */}}
{{- define "trackhelm.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Called with (list root path values). Only `/health` is answered whatever name is asked for. */}}
{{- define "trackhelm.probe" -}}
{{- $root := index . 0 -}}
{{- $probes := index . 2 -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  {{- if eq $root.Values.mode "embedded" }}
  {{- with include "trackhelm.allowedHost" $root }}
  httpHeaders: [{name: Host, value: {{ . | quote }}}]
  {{- end }}
  {{- end }}
periodSeconds: {{ $probes.periodSeconds }}
timeoutSeconds: {{ $probes.timeoutSeconds }}
failureThreshold: {{ $probes.failureThreshold }}
{{- end }}

{{/*
Port and probes of a container that answers; called with (list root component). Liveness asks no database: a restart repairs
none.
*/}}
{{- define "trackhelm.listening" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $probes := $component.values.probes -}}
ports:
  - {name: http, containerPort: {{ ternary 8080 5000 (eq $component.name "gateway") }}}
startupProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 2
  timeoutSeconds: {{ $probes.timeoutSeconds }}
  failureThreshold: {{ div $probes.startSeconds 2 }}
livenessProbe:
  {{- include "trackhelm.probe" (list $root "/health" $probes) | nindent 2 }}
readinessProbe:
  {{- /* A gateway that was unready with one of its services would take the others from everybody. */}}
  {{- $path := ternary "/health" "/ready" (eq $component.name "gateway") }}
  {{- include "trackhelm.probe" (list $root $path $probes) | nindent 2 }}
{{- end }}

{{/* The volumes that the chart mounts into every container of the server; called with (list root component). */}}
{{- define "trackhelm.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if include "trackhelm.secrets" . | fromJsonArray }}
- {name: secrets, mountPath: {{ include "trackhelm.secretsFolder" (index . 0) }}, readOnly: true}
{{- end }}
{{- if include "trackhelm.asksForKeys" . }}
- {name: cluster, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- if eq (index . 1).name "embedded" }}
- {name: data, mountPath: /data}
{{- end }}
{{- end }}

{{- define "trackhelm.volumes" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
- name: tmp
  emptyDir: {}
{{- with include "trackhelm.secrets" . | fromJsonArray }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .secret }}
          items:
            - {key: {{ .key | quote }}, path: {{ .file }}}
      {{- end }}
{{- end }}
{{- if include "trackhelm.asksForKeys" . }}
- name: cluster
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap:
          name: kube-root-ca.crt
          items:
            - {key: ca.crt, path: ca.crt}
{{- end }}
{{- if eq $component.name "embedded" }}
- name: data
  persistentVolumeClaim:
    claimName: {{ default $component.fullname $component.values.persistence.existingClaim }}
{{- end }}
{{- if eq $component.name "gateway" }}
- name: configuration
  emptyDir: {}
{{- end }}
{{- with $component.values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A container of the server's image; called with (list root component name command). */}}
{{- define "trackhelm.container" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
name: {{ index . 2 }}
image: {{ include "trackhelm.image" (list $root $root.Values.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
command: {{ index . 3 | toJson }}
{{ include "trackhelm.environment" . }}
resources:
  {{- toYaml $component.values.resources | nindent 2 }}
securityContext:
  {{- include "trackhelm.containerSecurity" $root | nindent 2 }}
volumeMounts:
  {{- include "trackhelm.mounts" . | nindent 2 }}
  {{- with $component.values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Waits until the schema is there, and lets one pass that is ahead of this version. */}}
{{- define "trackhelm.waitForSchema" -}}
{{- $patience := (index . 0).Values.migrate.patienceSeconds | int | toString -}}
{{- include "trackhelm.container" (concat . (list "wait-for-schema" (list "trackhelm-server" "migrate" "--wait" "--patience" $patience))) }}
{{- end }}

{{/* The command of a component as JSON. */}}
{{- define "trackhelm.command" -}}
{{- $values := .values -}}
{{- $command := list "trackhelm-server" .facts.role -}}
{{- if eq .name "webhooks" -}}
{{- $command = concat $command (list "--queue" "webhooks" "--threads" ($values.threads | int | toString)) -}}
{{- else if hasPrefix "worker-" .name -}}
{{- range $values.queues }}{{ $command = concat $command (list "--queue" .) }}{{ end -}}
{{- $command = concat $command (list "--concurrency" ($values.concurrency | int | toString)) -}}
{{- end -}}
{{- toJson $command -}}
{{- end }}

{{/* A pod of the server; called with (list root component). */}}
{{- define "trackhelm.pod" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := $component.values -}}
metadata:
  labels:
    {{- include "trackhelm.labels" (list $root $component.name) | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $annotations := deepCopy $values.podAnnotations }}
  {{- if ne $component.name "migrate" }}
  {{- $_ := set $annotations "checksum/settings" (include "trackhelm.settings" $root | sha256sum) }}
  {{- end }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "trackhelm.serviceAccountName" $component }}
  automountServiceAccountToken: {{ default false $component.facts.cluster }}
  {{- /* A Service named `trackhelm` would set TRACKHELM_PORT, which is a setting. */}}
  enableServiceLinks: false
  securityContext:
    {{- include "trackhelm.podSecurity" 10001 | nindent 4 }}
  terminationGracePeriodSeconds: {{ $values.stop.graceSeconds }}
  {{- with $root.Values.global.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (has $component.name (list "embedded" "migrate" "beat")) }}
  {{- with $values.topologySpread }}
  topologySpreadConstraints:
    {{- range . }}
    - {{ toYaml . | nindent 6 | trim }}
      labelSelector:
        matchLabels:
          {{- include "trackhelm.selector" (list $root $component.name) | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- end }}
  {{- $init := list }}
  {{- if eq $component.name "gateway" }}
  {{- $init = append $init (include "trackhelm.gatewayConfiguration" . | fromYaml) }}
  {{- else if has "database" $component.facts.needs }}
  {{- if ne $component.name "migrate" }}
  {{- $init = append $init (include "trackhelm.waitForSchema" . | fromYaml) }}
  {{- end }}
  {{- end }}
  {{- with concat $init $values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq $component.name "migrate" }}
  restartPolicy: OnFailure
  {{- end }}
  containers:
    - {{ include "trackhelm.mainContainer" . | nindent 6 | trim }}
    {{- with $values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "trackhelm.volumes" . | nindent 4 }}
{{- end }}

{{- define "trackhelm.mainContainer" -}}
{{- $component := index . 1 -}}
{{- if eq $component.name "gateway" -}}
{{- include "trackhelm.gatewayContainer" . }}
{{- else -}}
{{- $command := include "trackhelm.command" $component | fromJsonArray -}}
{{- if eq $component.name "migrate" -}}
{{- $command = concat $command (list "--patience" ($component.values.patienceSeconds | int | toString)) -}}
{{- end -}}
{{- include "trackhelm.container" (concat . (list $component.name $command)) }}
{{- if or $component.facts.listens $component.facts.answers }}
{{ include "trackhelm.listening" . }}
{{- end }}
{{- end -}}
{{- end }}

{{- define "trackhelm.serviceAccountName" -}}
{{- if .values.serviceAccount.create -}}
{{- default .fullname .values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .values.serviceAccount.name -}}
{{- end -}}
{{- end }}
