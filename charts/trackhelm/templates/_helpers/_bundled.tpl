{{/*
A store for evaluation: a StatefulSet of one pod, its Service, its account and its NetworkPolicy. Called with a dict:
root, name (of the component), values (its section's `bundled`), user, port, container (YAML of the rest of the
container), volumes (YAML of more volumes).
*/}}
{{- define "trackhelm.bundledStore" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $suffix := printf "-%s" $name -}}
{{- $values := .values -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "trackhelm.metadata" (list $root $name $suffix) | nindent 2 }}
spec:
  serviceName: {{ include "trackhelm.fullname" $root }}{{ $suffix }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "trackhelm.selector" (list $root $name) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "trackhelm.labels" (list $root $name) | nindent 8 }}
    spec:
      serviceAccountName: {{ include "trackhelm.fullname" $root }}{{ $suffix }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        {{- include "trackhelm.podSecurity" .user | nindent 8 }}
      terminationGracePeriodSeconds: 60
      {{- with $root.Values.global.imagePullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ $name }}
          image: {{ include "trackhelm.image" (list $root $values.image) }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          {{- .container | nindent 10 }}
          ports:
            - {name: store, containerPort: {{ .port }}}
          startupProbe:
            tcpSocket: {port: store}
            periodSeconds: 2
            failureThreshold: 60
          readinessProbe:
            tcpSocket: {port: store}
          livenessProbe:
            tcpSocket: {port: store}
            failureThreshold: 6
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "trackhelm.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            - {name: secrets, mountPath: {{ include "trackhelm.secretsFolder" $root }}, readOnly: true}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: secrets
          secret:
            secretName: {{ include "trackhelm.bundledSecret" $root }}
            defaultMode: 0440
            items:
              - {key: {{ .secret }}, path: {{ .secret }}}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
  # Volumes of such claims stay when the release is uninstalled.
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $values.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: {storage: {{ $values.size }}}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "trackhelm.metadata" (list $root $name $suffix) | nindent 2 }}
spec:
  selector:
    {{- include "trackhelm.selector" (list $root $name) | nindent 4 }}
  ports:
    - {name: store, port: {{ .port }}, targetPort: store}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "trackhelm.metadata" (list $root $name $suffix) | nindent 2 }}
automountServiceAccountToken: false
{{- if $root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "trackhelm.metadata" (list $root $name $suffix) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "trackhelm.selector" (list $root $name) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - {port: store}
      from:
        {{- $need := .need }}
        {{- range splitList "," (include "trackhelm.running" $root) }}
        {{- $component := include "trackhelm.component" (list $root .) | fromJson }}
        {{- if has $need $component.facts.needs }}
        {{- include "trackhelm.peer" (list $root .) | nindent 8 }}
        {{- end }}
        {{- end }}
  egress: []
{{- end }}
{{- end }}
