package fakehttp

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// A Response is a response that has not been sent yet. It is an [http.ResponseWriter] for the
// handler that makes it.
type Response struct {
	Status   int
	Fields   http.Header
	Body     []byte
	Truncate bool // send half of the body, then break the connection
}

// NewResponse returns an empty response with status 200.
func NewResponse() *Response { return &Response{Status: http.StatusOK, Fields: http.Header{}} }

// Header implements http.ResponseWriter.
func (p *Response) Header() http.Header { return p.Fields }

// WriteHeader implements http.ResponseWriter.
func (p *Response) WriteHeader(status int) { p.Status = status }

// Write implements http.ResponseWriter.
func (p *Response) Write(b []byte) (int, error) {
	p.Body = append(p.Body, b...)
	return len(b), nil
}

// SetHeader sets the given fields; a field whose value is nil is removed.
func (p *Response) SetHeader(fields http.Header) {
	for name, values := range fields {
		if name = http.CanonicalHeaderKey(name); values == nil {
			p.Fields.Del(name)
		} else {
			p.Fields[name] = slices.Clone(values)
		}
	}
}

// SendTo writes the response to a connection. The Content-Length is that of the whole body, so a
// client notices a truncated one, and net/http closes the connection.
func (p *Response) SendTo(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), p.Fields)
	if r.Method != http.MethodHead && p.Status != http.StatusNotModified && p.Status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(p.Body)))
	}
	w.WriteHeader(p.Status)
	body := p.Body
	if p.Truncate {
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) // the client may have gone
}

// HTTP returns the response as a client in memory does.
func (p *Response) HTTP(r *http.Request) *http.Response {
	whole := p.Body
	if r.Method == http.MethodHead {
		whole = nil
	}
	var body io.Reader = bytes.NewReader(whole)
	if p.Truncate {
		body = io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), brokenReader{})
	}
	return &http.Response{
		Status: strconv.Itoa(p.Status) + " " + http.StatusText(p.Status), StatusCode: p.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.Fields, Body: io.NopCloser(body), ContentLength: int64(len(whole)), Request: r,
	}
}

// brokenReader is the end of a truncated body.
type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Reset breaks the connection. The client sees a reset and not an orderly end, as when a machine
// dies.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // resets the stream of HTTP/2, which has no Hijack
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
