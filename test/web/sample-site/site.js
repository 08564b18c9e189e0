document.getElementById('script').textContent = 'a script has run'
