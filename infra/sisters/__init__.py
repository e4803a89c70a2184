"""Sister deployments: who they are (`known`), introductions (`introduction`, `introducing`), what their events say
(`foreign_event`), recording it (`recording`, `organisations`), and what waits for a person (`quarantine`, `taking`).
"""
