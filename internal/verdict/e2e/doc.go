// Package e2e holds tests that probe origins in this process and hold the
// verdicts against the truth. It has no code of its own.
package e2e
