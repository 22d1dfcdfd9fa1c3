package probe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/aopscan/aopscan/internal/evidence"
)

// maxFrames bounds what a peer may send before its answer is complete.
const maxFrames = 4096

// exchange2 sends one request over HTTP/2 (RFC 9113) and reads its answer. It
// writes the frames itself: a client that reconnects or retries by itself turns
// one silent refusal into hundreds of connections, and loses alerts on the way.
func (p *prober) exchange2(ob *evidence.Observation, s spec, w io.Writer, r *bufio.Reader, t clock) {
	var out bytes.Buffer
	out.WriteString(http2.ClientPreface)
	fw := http2.NewFramer(&out, nil)
	fw.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: MaxBody + 1})
	fw.WriteWindowUpdate(0, MaxBody)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{
		{":method", "GET"}, {":scheme", "https"}, {":authority", ob.Host}, {":path", ob.Path},
		{"user-agent", p.o.UserAgent}, {"accept", "*/*"}, {"accept-encoding", "identity"},
	} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	fw.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
	_, werr := w.Write(out.Bytes())

	a, err := p.readAnswer2(ob, w, r, t)
	if err == nil {
		ob.Stage, ob.HTTP = evidence.StageResponse, a.response()
		return
	}
	when := evidence.AfterRequest
	if ob.AppData {
		when = evidence.DuringResponse
	}
	if werr != nil && closeKind(err) != evidence.CloseAlert {
		err = fmt.Errorf("writing the request: %w", werr)
	}
	fail(ob, err, when)
}

// readAnswer2 reads frames until stream 1 has ended. An answer whose body stops
// early is an answer all the same.
func (p *prober) readAnswer2(ob *evidence.Observation, w io.Writer, r *bufio.Reader, t clock) (*answer, error) {
	fr := http2.NewFramer(w, r)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = maxHead
	fr.SetMaxReadFrameSize(1 << 16)
	var a *answer
	for range maxFrames {
		f, err := fr.ReadFrame()
		if err != nil {
			if a != nil {
				a.truncated = true
				return a, nil
			}
			var se http2.StreamError
			var ce http2.ConnectionError
			if errors.As(err, &se) || errors.As(err, &ce) || errors.Is(err, http2.ErrFrameTooLarge) {
				return nil, fmt.Errorf("%w: %v", errNotHTTP, err)
			}
			return nil, err
		}
		if ob.Timings.FirstByte == 0 {
			ob.Timings.FirstByte = t.us()
			ob.AppData = true
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				fr.WritePing(true, f.Data)
			}
		case *http2.MetaHeadersFrame:
			if f.StreamID != 1 {
				continue
			}
			h := header{}
			for _, hf := range f.Fields {
				if _, seen := h[hf.Name]; !seen {
					h[hf.Name] = hf.Value
				}
			}
			status, err := strconv.Atoi(h[":status"])
			switch {
			case a != nil: // trailers
			case err != nil:
				return nil, fmt.Errorf("%w: no :status", errNotHTTP)
			case status >= 100 && status < 200:
				continue
			default:
				a = &answer{protocol: "HTTP/2", status: status, header: h}
			}
			if f.StreamEnded() && a != nil {
				return a, nil
			}
		case *http2.DataFrame:
			if f.StreamID != 1 || a == nil {
				continue
			}
			a.body = append(a.body, f.Data()...)
			if len(a.body) > MaxBody {
				a.body, a.truncated = a.body[:MaxBody], true
				return a, nil
			}
			if f.StreamEnded() {
				return a, nil
			}
		case *http2.RSTStreamFrame:
			if f.StreamID != 1 {
				continue
			}
			if a != nil {
				a.truncated = f.ErrCode != http2.ErrCodeNo
				return a, nil
			}
			return nil, p.refused2(ob, "the stream was reset", f.ErrCode)
		case *http2.GoAwayFrame:
			if a != nil || (f.ErrCode == http2.ErrCodeNo && f.LastStreamID >= 1) {
				continue // the answer may still come
			}
			return nil, p.refused2(ob, "the server went away", f.ErrCode)
		}
	}
	return nil, fmt.Errorf("%w: more than %d frames without an answer", errNotHTTP, maxFrames)
}

// errStream is in the chain of what HTTP/2 and HTTP/3 say instead of a status.
var errStream = errors.New("no status")

func (p *prober) refused2(ob *evidence.Observation, what string, code http2.ErrCode) error {
	ob.StreamError = code.String()
	return fmt.Errorf("http2: %s with %s: %w", what, code, errStream)
}
