// Package retry has what everyone here who asks again needs: how long a server
// wants to be left alone, whether an error says that asking again helps, and a
// pause that ends with a context. How often and after how long is asked again is
// each one's own.
package retry
