/** What the address of the device's page says: the code that the program has printed. */

export interface DeviceSearch {
  code?: string;
}

export function validateDeviceSearch({ code }: Record<string, unknown>): DeviceSearch {
  const text = typeof code === "string" || typeof code === "number" ? String(code).trim() : "";
  return text === "" ? {} : { code: text };
}
