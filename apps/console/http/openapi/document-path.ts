/** Where the console serves its OpenAPI document; also below `/api`. */
export const DOCUMENT_PATH = '/openapi.json';
