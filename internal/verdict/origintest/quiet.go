package origintest

import (
	"io"
	"log"
)

// quiet swallows what servers say about clients that were refused.
var quiet = log.New(io.Discard, "", 0)
