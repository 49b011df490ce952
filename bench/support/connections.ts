/** The parts of a connection URL, as Feast's Python is given them. */
export function connectionParts(url: string): { readonly host: string; readonly port: number; readonly user: string; readonly password: string; readonly database: string } {
  const { hostname, port, username, password, pathname } = new URL(url);
  return { host: hostname, port: Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password), database: pathname.slice(1) };
}

/** The same server and database as another user. */
export function asUser(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

/** The same server and user, another database. */
export function inDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = database;
  return changed.href;
}
