export function ChartsTab() {
  return null;
}
