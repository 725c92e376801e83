"""Every side effect of the program: AWS, files, the clock, the sandbox. Nothing below imports these."""
