{{/* Names, labels and images of objects. */}}

{{- define "trackhelm.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* The name that every object's begins with, and that of the Service of the one address. */}}
{{- define "trackhelm.fullname" -}}
{{- $name := include "trackhelm.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that select the pods of a component; called with (list root component). They never change. */}}
{{- define "trackhelm.selector" -}}
app.kubernetes.io/name: {{ include "trackhelm.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "trackhelm.labels" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.global.labels }}
{{- toYaml . | nindent 0 }}
{{ end }}
{{- include "trackhelm.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: trackhelm
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* The metadata of an object; called with (list root component [suffix [annotations]]). */}}
{{- define "trackhelm.metadata" -}}
{{- $root := index . 0 -}}
{{- $suffix := "" -}}
{{- if gt (len .) 2 }}{{ $suffix = index . 2 }}{{ end -}}
{{- $annotations := dict -}}
{{- if gt (len .) 3 }}{{ $annotations = index . 3 }}{{ end -}}
name: {{ include "trackhelm.fullname" $root }}{{ $suffix }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "trackhelm.labels" . | nindent 2 }}
{{- with mustMergeOverwrite (deepCopy $root.Values.global.annotations) $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The reference of an image; called with (list root image). */}}
{{- define "trackhelm.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := default $image.registry $root.Values.global.imageRegistry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $root.Chart.AppVersion $image.tag }}{{ end -}}
{{- end }}
