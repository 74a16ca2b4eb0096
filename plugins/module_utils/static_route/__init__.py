"""Static routes of a Linux guest: what they should be, what they are, and the files that keep them."""
