package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// alertNames are the TLS alerts by number (RFC 8446, section 6, and its
// predecessors').
var alertNames = map[int]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}

// remoteAlert returns the number of the alert that the peer sent, if the error
// is one. On TCP crypto/tls wraps an unexported uint8 type in a net.OpError, so
// errors.As does not find a tls.AlertError there.
func remoteAlert(err error) (int, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	if a, ok := op.Err.(tls.AlertError); ok {
		return int(a), true
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return int(v.Uint()), true
	}
	return 0, false
}

// closeKind says how the connection ended, from the chain of err.
func closeKind(err error) evidence.CloseKind {
	var policy *policyError
	var header tls.RecordHeaderError
	switch {
	case err == nil:
		return evidence.CloseNone
	case errors.As(err, &policy):
		return evidence.CloseLocal
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return evidence.CloseTimeout
	case errors.Is(err, context.Canceled):
		return evidence.CloseLocal
	case errors.Is(err, syscall.ECONNREFUSED):
		return evidence.CloseRefused
	case errors.Is(err, errStream), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return evidence.CloseReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL),
		errors.Is(err, syscall.EAFNOSUPPORT), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL):
		return evidence.CloseNoRoute
	case errors.As(err, &header), errors.Is(err, errNotHTTP), errors.Is(err, errTooMuch):
		return evidence.CloseProtocol
	}
	if _, ok := remoteAlert(err); ok {
		return evidence.CloseAlert
	}
	var ne net.Error
	switch {
	case errors.As(err, &ne) && ne.Timeout():
		return evidence.CloseTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return evidence.CloseEOF
	case strings.Contains(err.Error(), "tls: "):
		return evidence.CloseLocal
	}
	return evidence.CloseProtocol
}

// fail records how and when an attempt ended early.
func fail(ob *evidence.Observation, err error, when evidence.Moment) {
	ob.Close, ob.Closed = closeKind(err), when
	ob.Error = sanitize.Text(err.Error(), 300)
	if n, ok := remoteAlert(err); ok {
		ob.Alert, ob.AlertName = n, alertNames[n]
	}
	// A server may not ask for a certificate after the handshake unless the client
	// said that it can (RFC 8446, 4.6.2). crypto/tls cannot, and names the message.
	if strings.Contains(err.Error(), "certificateRequestMsgTLS13") && when != evidence.DuringHandshake {
		ob.Requested = evidence.RequestedPostHandshake
	}
}
