package inventory

import (
	"fmt"
	"io"
	"log/slog"
)

// secretMask is what every printed form of a [Secret] shows.
const secretMask = "[secret]"

// Secret is a token or key. No way of printing, logging or marshalling it shows
// its value; only the code that signs a request reads it, by conversion.
type Secret string

// String returns a mask.
func (Secret) String() string { return secretMask }

// GoString returns a mask.
func (Secret) GoString() string { return secretMask }

// Format writes a mask for every verb, %d and %x among them.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secretMask) }

// LogValue returns a mask.
func (Secret) LogValue() slog.Value { return slog.StringValue(secretMask) }

// MarshalJSON returns a mask.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + secretMask + `"`), nil }

// MarshalText returns a mask.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }
