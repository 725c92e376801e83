"""What the tests share: a clock that nobody waits for, Worlds that misbehave, an account to work on."""
