"""Reads one JSON string a line, a statement of BigQuery's SQL, and writes one JSON line for each: what is wrong with it, or null."""

import json
import logging
import sys

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.tokens import TokenType


logging.getLogger("sqlglot").setLevel(logging.ERROR)


def problem_of(sql: str) -> str | None:
    try:
        statements = sqlglot.parse(sql, dialect="bigquery", error_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        return str(error)
    if len(statements) != 1 or statements[0] is None:
        return f"{len(statements)} statements"
    statement = statements[0]
    # What sqlglot does not understand becomes a Command, the text as it is; a function that it does not know an Anonymous one.
    if statement.find(exp.Command) is not None:
        return "a part of it is not understood"
    if any(not select.expressions for select in statement.find_all(exp.Select)):
        return "a SELECT of nothing"
    unknown = sorted({call.name.upper() for call in statement.find_all(exp.Anonymous)})
    if unknown:
        return f"unknown functions: {', '.join(unknown)}"
    again = statement.sql(dialect="bigquery", comments=False)
    if again != sqlglot.parse_one(again, dialect="bigquery", error_level=ErrorLevel.RAISE).sql(dialect="bigquery", comments=False):
        return "what sqlglot makes of it does not stay the same"
    return problem_of_tokens(sqlglot.tokenize(sql, dialect="bigquery"))


def problem_of_tokens(tokens: list) -> str | None:
    """What sqlglot takes from everybody, and BigQuery does not."""
    if any(token.token_type == TokenType.DCOLON for token in tokens):
        return "BigQuery has no ::"
    for before, token in zip(tokens, tokens[1:]):
        if before.token_type in (TokenType.FROM, TokenType.JOIN) and token.token_type == TokenType.STRING:
            return f'"{token.text}" is a text, and no table'
    return None


for line in sys.stdin:
    print(json.dumps(problem_of(json.loads(line))), flush=True)
