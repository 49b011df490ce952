/** Name of the script variable that holds the exports of a bundled transform. */
export const TRANSFORM_VARIABLE = 'transform';

/** Last line of every bundle: before it stands a plain script, with it an ES module whose default export is the function. */
export const TRANSFORM_EXPORT = `export default ${TRANSFORM_VARIABLE}.default;\n`;
