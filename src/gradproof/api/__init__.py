"""What people call: it joins the engine with a framework's parameters and a rendering."""
