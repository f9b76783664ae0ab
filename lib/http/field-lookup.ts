/** Where fields of a message can be looked up: all values of a name, joined by commas; names in any case. */
export interface FieldLookup {
  get(name: string): string | undefined;
}
