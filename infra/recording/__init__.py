"""The one way in: load a member, decide, append. `desk` is what callers use; `mapper` writes facts as the log keeps them;
`members` and `reference` keep what decisions look at; `registration`, `organisations` and `imports` record what is new."""
