/** All items of a list that the server gives in pages. `page` asks for one, by the token of the page before it (undefined: the first). */
export async function allPages<T>(page: (token: string | undefined) => Promise<{ readonly items: readonly T[] | undefined; readonly next: string | undefined }>, limit = Infinity): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const { items = [], next } = await page(token);
    found.push(...items);
    token = next === '' ? undefined : next;
  } while (token !== undefined && found.length < limit);
  return found.slice(0, limit);
}

export function pageToken(token: string | undefined): { readonly page_token?: string } {
  return token === undefined ? {} : { page_token: token };
}
