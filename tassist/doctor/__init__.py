"""The doctor's checks: each looks at one thing, says how it stands, and what to do where it does not stand well."""
