package rds_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

// A checker decides whether a user has the password.
type checker func(user, password string) bool

// maxMessage is the largest LDAP message in bytes. PostgreSQL reads passwords of up to 65,535 bytes.
const maxMessage = 70_000

// startLDAP serves a directory on loopback that has nothing but simple binds (RFC 4511 section 4.2),
// until the test ends. It returns its port.
func startLDAP(t *testing.T, check checker) (port int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					if err := answer(r, conn, check); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port
}

// The tags of BER elements in LDAP messages.
const (
	tagInteger      = 0x02
	tagOctetString  = 0x04
	tagEnumerated   = 0x0a
	tagSequence     = 0x30
	tagBindRequest  = 0x60
	tagBindResponse = 0x61
	tagSimple       = 0x80
)

// The result codes of a bind.
const (
	success            = 0
	invalidCredentials = 49
)

// answer reads a message and responds to it. Any message except a simple bind is an error, which
// ends the connection.
func answer(r *bufio.Reader, w io.Writer, check checker) error {
	tag, body, err := readElement(r)
	if err != nil || tag != tagSequence {
		return fmt.Errorf("tag %#x: %w", tag, err)
	}
	id, request, err := element(body, tagInteger)
	if err != nil {
		return err
	}
	bind, _, err := element(request, tagBindRequest)
	if err != nil {
		return err
	}
	_, rest, err := element(bind, tagInteger) // the version
	if err != nil {
		return err
	}
	user, rest, err := element(rest, tagOctetString)
	if err != nil {
		return err
	}
	password, _, err := element(rest, tagSimple)
	if err != nil {
		return err
	}
	result := byte(invalidCredentials)
	if check(string(user), string(password)) {
		result = success
	}
	response := []byte{tagBindResponse, 7, tagEnumerated, 1, result, tagOctetString, 0, tagOctetString, 0}
	message := append([]byte{tagInteger, byte(len(id))}, append(id, response...)...)
	_, err = w.Write(append([]byte{tagSequence, byte(len(message))}, message...))
	return err
}

// element returns the content of the first element, which must have the tag, and what follows it.
func element(b []byte, tag byte) (content, rest []byte, err error) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, fmt.Errorf("no element with tag %#x", tag)
	}
	size, head := int(b[1]), 2
	if size >= 0x80 {
		digits := size & 0x7f
		if digits > 4 || len(b) < 2+digits {
			return nil, nil, errors.New("malformed length")
		}
		size = 0
		for _, digit := range b[2 : 2+digits] {
			size = size<<8 | int(digit)
		}
		head += digits
	}
	if size < 0 || len(b)-head < size {
		return nil, nil, errors.New("the element is incomplete")
	}
	return b[head : head+size], b[head+size:], nil
}

// readElement reads an element.
func readElement(r *bufio.Reader) (tag byte, content []byte, err error) {
	if tag, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	first, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size := int(first)
	if first >= 0x80 {
		size = 0
		for range first & 0x7f {
			digit, err := r.ReadByte()
			if err != nil {
				return 0, nil, err
			}
			if size = size<<8 | int(digit); size > maxMessage {
				return 0, nil, errors.New("the message is too large")
			}
		}
	}
	content = make([]byte, size)
	_, err = io.ReadFull(r, content)
	return tag, content, err
}
