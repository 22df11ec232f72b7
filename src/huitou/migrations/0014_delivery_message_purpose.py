from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0013_events_contact"),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='purpose',
            field=models.TextField(db_default='marketing', default='marketing'),
        ),
    ]
