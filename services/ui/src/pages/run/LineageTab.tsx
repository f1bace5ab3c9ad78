export function LineageTab() {
  return null;
}
