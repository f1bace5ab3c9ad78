{{/* Annotations that make an object a hook that runs before the others, or none. */}}
{{- define "trackhelm.hookAnnotations" -}}
{{- $hook := (index . 0).Values.migrate.hook -}}
{{- if eq $hook "helm" }}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ index . 1 | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- else if eq $hook "argocd" }}
argocd.argoproj.io/hook: PreSync
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
argocd.argoproj.io/sync-wave: {{ index . 1 | quote }}
{{- end }}
{{- end }}
