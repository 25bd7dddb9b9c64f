// What a page may publish: the fields of schemas/TYPE.json, for editors and compilers.
export {};
