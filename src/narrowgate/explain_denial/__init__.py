"""What a denial of AWS says, and the smallest grant that would allow the request. Pure."""
