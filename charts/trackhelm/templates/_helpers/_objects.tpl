{{/* The objects of a component, each called with (list root name). */}}

{{- define "trackhelm.deployment" -}}
{{- $root := index . 0 -}}
{{- $component := include "trackhelm.component" . | fromJson -}}
{{- $values := $component.values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "trackhelm.metadata" (list $root $component.name (printf "-%s" $component.name)) | nindent 2 }}
spec:
  {{- if has $component.name (list "beat" "embedded") }}
  replicas: 1
  # There is never a second one, not even for a moment.
  strategy:
    type: Recreate
  {{- else }}
  {{- if eq $values.autoscaling.by "none" }}
  replicas: {{ $values.replicas }}
  {{- end }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "trackhelm.selector" (list $root $component.name) | nindent 6 }}
  template:
    {{- include "trackhelm.pod" (list $root $component) | nindent 4 }}
{{- end }}

{{- define "trackhelm.service" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "trackhelm.metadata" (list $root $name (printf "-%s" $name)) | nindent 2 }}
spec:
  selector:
    {{- include "trackhelm.selector" (list $root $name) | nindent 4 }}
  ports:
    - {name: http, port: 5000, targetPort: http}
{{- end }}

{{/* The Service of the one address, named as the release. */}}
{{- define "trackhelm.frontService" -}}
{{- $root := index . 0 -}}
{{- $service := $root.Values.gateway.service -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "trackhelm.metadata" (list $root (index . 1) "" $service.annotations) | nindent 2 }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "trackhelm.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ $service.port }}, targetPort: http}
{{- end }}

{{- define "trackhelm.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $component := include "trackhelm.component" . | fromJson -}}
{{- $account := $component.values.serviceAccount -}}
{{- if $account.create -}}
{{- $metadata := include "trackhelm.metadata" (list $root $component.name "" $account.annotations) | fromYaml -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- toYaml (set $metadata "name" (include "trackhelm.serviceAccountName" $component)) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

{{- define "trackhelm.disruptionBudget" -}}
{{- $root := index . 0 -}}
{{- $component := include "trackhelm.component" . | fromJson -}}
{{- if $component.values.disruption.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "trackhelm.metadata" (list $root $component.name (printf "-%s" $component.name)) | nindent 2 }}
spec:
  maxUnavailable: {{ $component.values.disruption.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "trackhelm.selector" (list $root $component.name) | nindent 6 }}
{{- end }}
{{- end }}

{{- define "trackhelm.autoscaler" -}}
{{- $root := index . 0 -}}
{{- $component := include "trackhelm.component" . | fromJson -}}
{{- $scaling := $component.values.autoscaling -}}
{{- $metadata := include "trackhelm.metadata" (list $root $component.name (printf "-%s" $component.name)) -}}
{{- if eq $scaling.by "hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- $metadata | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $component.fullname }}}
  minReplicas: {{ $scaling.min }}
  maxReplicas: {{ $scaling.max }}
  metrics:
    {{- range $resource, $percent := dict "cpu" $scaling.cpuPercent "memory" $scaling.memoryPercent }}
    {{- if $percent }}
    - type: Resource
      resource: {name: {{ $resource }}, target: {type: Utilization, averageUtilization: {{ $percent }}}}
    {{- end }}
    {{- end }}
  {{- with $scaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- else if eq $scaling.by "keda" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- $metadata | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $component.fullname }}}
  minReplicaCount: {{ $scaling.min }}
  maxReplicaCount: {{ $scaling.max }}
  {{- with $scaling.behavior }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml . | nindent 8 }}
  {{- end }}
  triggers:
    {{- if and (has "metrics" (default list $component.values.queues)) $scaling.backlogBytes }}
    # What waits in the streams, and not the length of Celery's list: a message there stands for many requests.
    - type: metrics-api
      metadata:
        url: {{ printf "http://%s-ingest.%s.svc:5000/metrics" (include "trackhelm.fullname" $root) $root.Release.Namespace }}
        format: prometheus
        valueLocation: trackhelm_queue_waiting_bytes
        targetValue: {{ $scaling.backlogBytes | int64 | quote }}
    {{- end }}
    {{- with $scaling.triggers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}
