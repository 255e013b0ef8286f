/** Makes an environment if it is not complete. @returns its folder @throws Error with what the installer said */
export function installPythonTool(name: 'pykickstart' | 'openapi-python-client'): string;
