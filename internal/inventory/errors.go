package inventory

import (
	"fmt"
	"strings"
	"time"
)

// OptionError is an option that cannot be used.
type OptionError struct {
	What   string
	Advice string
}

// Error says what is wrong.
func (e *OptionError) Error() string { return e.What }

// Hint says what to do.
func (e *OptionError) Hint() string { return e.Advice }

// CredentialsError means that the credentials are missing, malformed or not
// accepted: nothing can be read.
type CredentialsError struct {
	What   string
	Advice string
	// Err is the API's answer, nil where the API was not asked.
	Err error
}

// Error says what is wrong, never with the secret.
func (e *CredentialsError) Error() string {
	if e.Err != nil {
		return "credentials: " + e.What + ": " + e.Err.Error()
	}
	return "credentials: " + e.What
}

// Hint says what to do.
func (e *CredentialsError) Hint() string { return e.Advice }

// Unwrap returns the API's answer.
func (e *CredentialsError) Unwrap() error { return e.Err }

// APIError is an answer of the API that is not a success: a status of 300 or
// more after the last retry, or success:false, or something that is not the
// API's envelope.
type APIError struct {
	// Path is the path that was asked, without the API's address.
	Path string
	// Status is the HTTP status; 200 for a success:false in a success.
	Status int
	// Code and Message are the first of the API's errors, sanitised.
	Code    int
	Message string
	// RayID identifies the request at Cloudflare.
	RayID string
	// RetryAfter is what the API last demanded, 0 where it did not.
	RetryAfter time.Duration
	// Attempts is how often the request was tried.
	Attempts int
	// Advice is what to do, where Status does not tell.
	Advice string
}

// Error says what the API answered.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "api: %s: status %d", e.Path, e.Status)
	if e.Code != 0 {
		fmt.Fprintf(&b, ", code %d", e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (tried %d times)", e.Attempts)
	}
	return b.String()
}

// Hint says what to do.
func (e *APIError) Hint() string {
	switch {
	case e.Status == 429:
		return "the request allowance of this token is spent, perhaps by something else that uses it; try again in five minutes"
	case e.Status == 401 || e.Status == 403:
		return "the token lacks a permission; aopscan doctor tells which"
	case e.Status >= 500:
		return "Cloudflare's API has a fault; see https://www.cloudflarestatus.com and try again"
	case e.Status >= 300 && e.Status < 400:
		return "redirects are not followed; check the API address"
	}
	return e.Advice
}

// UnknownZoneError means that none of the zones asked for is there.
type UnknownZoneError struct {
	// Zones are the selectors that matched nothing.
	Zones []string
}

// Error names the zones.
func (e *UnknownZoneError) Error() string {
	if len(e.Zones) == 0 {
		return "no zones: the credentials can read none"
	}
	return "unknown zone: " + strings.Join(e.Zones, ", ")
}

// Hint says what to do.
func (e *UnknownZoneError) Hint() string {
	return `check the spelling, and that the token covers the zone with "Zone · Zone · Read"`
}

// UnreachableError means that the API did not answer at all.
type UnreachableError struct {
	// Host is the API's host.
	Host string
	// Attempts is how often it was tried.
	Attempts int
	Err      error
}

// Error says why.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("api: %s cannot be reached: %s", e.Host, cleanError(e.Err))
}

// Hint says what to do.
func (e *UnreachableError) Hint() string {
	return "check the network, the proxy settings and --api-url; aopscan doctor looks at each"
}

// Unwrap returns the network's error.
func (e *UnreachableError) Unwrap() error { return e.Err }

// MethodError is what the transport answers to anything but GET: aopscan never
// writes.
type MethodError struct{ Method string }

// Error names the method.
func (e *MethodError) Error() string {
	return fmt.Sprintf("api: %s refused: aopscan only reads", e.Method)
}
