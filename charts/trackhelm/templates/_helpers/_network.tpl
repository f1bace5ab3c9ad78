{{/* NetworkPolicies. */}}

{{- define "trackhelm.peer" -}}
- podSelector:
    matchLabels:
      {{- include "trackhelm.selector" . | nindent 6 }}
{{- end }}

{{/* A rule of `egress` to a store; called with (list root needs). */}}
{{- define "trackhelm.storeEgress" -}}
{{- $root := index . 0 -}}
{{- $stores := $root.Values.networkPolicy.stores -}}
{{- $known := dict "database" (list "postgres" 5432 $stores.postgresPorts) "redis" (list "redis" 6379 $stores.redisPorts) "objects" (list "objectStore" 8333 $stores.objectStorePorts) -}}
{{- range $need := index . 1 }}
{{- with index $known $need }}
{{- if include "trackhelm.bundles" (list $root (index . 0)) }}
- to:
    {{- include "trackhelm.peer" (list $root (index . 0 | kebabcase)) | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ index . 1 }}}
{{- else if or (ne $need "objects") $root.Values.objectStore.url }}
- to:
    {{- range $stores.networks }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  ports:
    {{- range index . 2 }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A rule of `egress` to the collector of traces, for components that send any; called with (list root component). */}}
{{- define "trackhelm.tracesEgress" -}}
{{- $traces := (index . 0).Values.monitoring.traces -}}
{{- if and $traces.url (not (has (index . 1).name (list "gateway" "beat" "watcher" "migrate"))) -}}
{{- $address := urlParse $traces.url -}}
{{- $port := regexFind ":[0-9]+$" $address.host | trimPrefix ":" | default (ternary "443" "80" (eq $address.scheme "https")) }}
- ports:
    - {protocol: TCP, port: {{ $port }}}
  {{- with $traces.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The NetworkPolicy of a component; called with (list root name). */}}
{{- define "trackhelm.networkPolicy" -}}
{{- $root := index . 0 -}}
{{- $component := include "trackhelm.component" . | fromJson -}}
{{- $name := $component.name -}}
{{- $settings := $root.Values.networkPolicy -}}
{{- $isFront := has $name (list "gateway" "embedded") -}}
{{- if $settings.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "trackhelm.metadata" (list $root $name (printf "-%s" $name)) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "trackhelm.selector" (list $root $name) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if $isFront }}
    - ports:
        - {port: http}
      {{- with $settings.gatewayFrom }}
      from:
        {{- toYaml . | nindent 8 }}
        {{- include "trackhelm.peer" (list $root "test") | nindent 8 }}
      {{- end }}
    {{- else if $component.facts.listens }}
    - ports:
        - {port: http}
      from:
        {{- include "trackhelm.peer" (list $root "gateway") | nindent 8 }}
        {{- with $settings.metricsFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- else if and $component.facts.answers $settings.metricsFrom }}
    - ports:
        - {port: http}
      from:
        {{- toYaml $settings.metricsFrom | nindent 8 }}
    {{- end }}
    {{- with $component.values.networkPolicy.ingress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- $metrics := and $component.facts.answers $settings.metricsFrom }}
    {{- if not (or $component.facts.listens $metrics $component.values.networkPolicy.ingress) }} []{{ end }}
  egress:
    - ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
    {{- range $component.facts.calls }}
    - to:
        {{- include "trackhelm.peer" (list $root .) | nindent 8 }}
      ports:
        - {port: http}
    {{- end }}
    {{- include "trackhelm.storeEgress" (list $root $component.facts.needs) | nindent 4 }}
    {{- include "trackhelm.tracesEgress" (list $root $component) | nindent 4 }}
    {{- if $component.facts.outside }}
    - to:
        - ipBlock: {cidr: 0.0.0.0/0}
        - ipBlock: {cidr: "::/0"}
      ports:
        {{- range $root.Values.webhooks.ports }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
    {{- end }}
    {{- if $component.facts.cluster }}
    - ports:
        {{- range $component.values.apiServerPorts }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
    {{- end }}
    {{- if include "trackhelm.asksProvider" (list $root $component) }}
    - to:
        - ipBlock: {cidr: 0.0.0.0/0}
        - ipBlock: {cidr: "::/0"}
      ports:
        {{- range $root.Values.auth.oidc.ports }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
    {{- end }}
    {{- if include "trackhelm.asksForKeys" (list $root $component) }}
    - ports:
        {{- range $root.Values.watcher.apiServerPorts }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
    {{- end }}
    {{- with $component.values.networkPolicy.egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}
