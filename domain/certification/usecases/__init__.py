"""The steps of certification, from reception to issue and closing, and a certificate's suspension and end."""
