export function ArtifactsTab() {
  return null;
}
