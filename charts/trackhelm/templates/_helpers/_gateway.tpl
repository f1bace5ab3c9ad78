{{/* The two containers of the gateway: the server's image writes nginx's configuration, and nginx runs with it. */}}

{{- define "trackhelm.gatewayConfiguration" -}}
{{- $processes := (index . 1).values.processes | int -}}
{{- $write := printf "exec trackhelm-server gateway-config --host 0.0.0.0 --port 8080 --folder /run/gateway --workers %d > /run/gateway/nginx.conf" $processes -}}
{{- $container := include "trackhelm.container" (concat . (list "configuration" (list "/bin/sh" "-c" $write))) | fromYaml -}}
{{- $mounts := append $container.volumeMounts (dict "name" "configuration" "mountPath" "/run/gateway") -}}
{{- toYaml (set $container "volumeMounts" $mounts) }}
{{- end }}

{{- define "trackhelm.gatewayContainer" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := $component.values -}}
name: gateway
image: {{ include "trackhelm.image" (list $root $values.image) }}
imagePullPolicy: {{ $values.image.pullPolicy }}
command: [nginx, -e, stderr, -c, /run/gateway/nginx.conf]
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- include "trackhelm.containerSecurity" $root | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: configuration, mountPath: /run/gateway}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{ include "trackhelm.listening" . }}
lifecycle:
  preStop:
    exec:
      # nginx ends at once by SIGTERM, which is sent when this ends: so running requests are waited for here.
      command:
        - /bin/sh
        - -c
        - >-
          sleep {{ $values.stop.drainSeconds }};
          nginx -e stderr -c /run/gateway/nginx.conf -s quit;
          while [ -e /run/gateway/nginx.pid ]; do sleep 1; done
{{- end }}
